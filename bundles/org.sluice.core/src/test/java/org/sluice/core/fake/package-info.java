/** A small machine whose every step can be read back: hardware with a TLB, a driver, a page-table format, a plug-in. */
package org.sluice.core.fake;
