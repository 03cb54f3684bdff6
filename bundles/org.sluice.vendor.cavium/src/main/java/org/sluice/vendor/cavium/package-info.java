/** Errata of Cavium ThunderX2's SMMUv3. Private to the bundle. */
package org.sluice.vendor.cavium;
