/** The system calls that Java lacks, made through the foreign function interface; Linux only. */
package io.nbd4j.net.posix;
