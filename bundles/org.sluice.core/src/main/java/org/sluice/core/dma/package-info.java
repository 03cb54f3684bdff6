/** DMA mapping for clients that do not choose IOVAs: domains of type DMA and DMA_FQ, reserved regions, bounce pages. */
package org.sluice.core.dma;
