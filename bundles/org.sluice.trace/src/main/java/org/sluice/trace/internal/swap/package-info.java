/** Updates bundles while DMA and mapping go on. */
package org.sluice.trace.internal.swap;
