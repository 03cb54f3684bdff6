/** Errata of HiSilicon's SMMUv3, and a device behind it. Private to the bundle. */
package org.sluice.vendor.hisilicon;
