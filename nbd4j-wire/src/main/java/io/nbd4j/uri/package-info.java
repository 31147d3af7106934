/** NBD URIs: parsed, checked and printed. */
package io.nbd4j.uri;
