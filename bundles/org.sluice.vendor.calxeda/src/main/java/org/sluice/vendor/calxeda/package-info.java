/** How Calxeda's SMMU wants its control registers to be reached. Private to the bundle. */
package org.sluice.vendor.calxeda;
