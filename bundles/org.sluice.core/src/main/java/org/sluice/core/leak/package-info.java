/** Finds mappings that nobody unmapped, and DMA to memory that somebody just did. */
package org.sluice.core.leak;
