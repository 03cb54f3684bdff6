/** Shows by DMA that the platform does what the books say. */
package org.sluice.trace.internal.proof;
