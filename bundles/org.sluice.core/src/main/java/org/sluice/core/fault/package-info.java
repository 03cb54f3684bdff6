/** Faults that can be repaired: collected by group, repaired off the event thread, answered once. */
package org.sluice.core.fault;
