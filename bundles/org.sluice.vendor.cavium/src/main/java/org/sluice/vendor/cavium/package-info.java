/** Errata of Cavium's SMMUs: ThunderX2's SMMUv3, ThunderX's SMMUv2. Private to the bundle. */
package org.sluice.vendor.cavium;
