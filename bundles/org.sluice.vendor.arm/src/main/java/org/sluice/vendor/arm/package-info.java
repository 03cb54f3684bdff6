/** Errata of Arm's implementations of the SMMUv3 and SMMUv2. Private to the bundle. */
package org.sluice.vendor.arm;
