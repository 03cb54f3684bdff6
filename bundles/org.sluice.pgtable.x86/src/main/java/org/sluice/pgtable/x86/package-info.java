/**
 * x86 page tables: the codings of two stages and what their leaves grant. The tree is in {@code org.sluice.pgtable.radix}, of
 * which the bundle has its own copy. Private to the bundle; the core uses the services.
 */
package org.sluice.pgtable.x86;
