/** The server's side of a conversation, scripted byte by byte. */
package io.nbd4j.script;
