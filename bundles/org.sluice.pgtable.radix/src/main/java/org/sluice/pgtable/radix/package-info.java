/**
 * Radix trees of page tables. A core that knows only where entries are and which of them are tables ({@link
 * org.sluice.pgtable.radix.Geometry}, {@link org.sluice.pgtable.radix.Tables}, {@link
 * org.sluice.pgtable.radix.RadixPageTable}); how the entries of a format are coded ({@link
 * org.sluice.pgtable.radix.EntryCode}); what their bits grant ({@link org.sluice.pgtable.radix.LeafAttributes}). Compiled into
 * the bundles of formats.
 */
package org.sluice.pgtable.radix;
