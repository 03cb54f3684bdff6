/**
 * x86 page tables. A radix core that knows only where entries are and which of them are tables ({@link
 * org.sluice.pgtable.x86.Geometry}, {@link org.sluice.pgtable.x86.Tables}, {@link org.sluice.pgtable.x86.RadixPageTable});
 * how the entries of a stage are coded ({@link org.sluice.pgtable.x86.EntryCode}); what their bits grant ({@link
 * org.sluice.pgtable.x86.LeafAttributes}). Private to the bundle; the core uses the services.
 */
package org.sluice.pgtable.x86;
