/** Sends the events of a trace through the core and keeps the books. */
package org.sluice.trace.internal.replay;
