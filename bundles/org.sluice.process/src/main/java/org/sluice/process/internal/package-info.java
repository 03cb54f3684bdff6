/** Address spaces of processes: areas, pages, frames, the page table, and who watches them. */
package org.sluice.process.internal;
