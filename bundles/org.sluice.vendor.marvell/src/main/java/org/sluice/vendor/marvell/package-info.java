/** Erratum 582743 of Marvell's AP806. Private to the bundle. */
package org.sluice.vendor.marvell;
