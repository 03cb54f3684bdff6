/** Reads the text of a trace, line by line. */
package org.sluice.trace.internal.text;
