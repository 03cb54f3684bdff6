/** The machine that a trace needs, and its life in the container. */
package org.sluice.trace.internal.machine;
