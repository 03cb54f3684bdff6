/** Runs a replay from begin to end and writes its report. */
package org.sluice.trace.internal.replay;
