/** Finds what belongs to a capture, and reads what is expected of it. */
package org.sluice.trace.internal.capture;
