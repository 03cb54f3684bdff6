package org.sluice.core.space;

import org.sluice.spi.driver.SpaceInvalidation;
import org.sluice.spi.pgtable.PageTable;

/**
 * What an operation works on, read once inside the gate: both halves belong together.
 *
 * @param table the page table, an object of a format bundle
 * @param context the hardware's side: an object of a driver bundle, or those of several IOMMUs as one
 */
record Binding(PageTable table, SpaceInvalidation context) {}
