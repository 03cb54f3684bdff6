/**
 * Address spaces: map and unmap with Linux's semantics over a page table and a translation context, both of which may
 * be exchanged while clients hold the space.
 */
package org.sluice.core.space;
