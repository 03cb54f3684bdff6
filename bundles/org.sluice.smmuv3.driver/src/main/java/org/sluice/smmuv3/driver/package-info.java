/**
 * Driver of Arm's SMMUv3. Everything reaches the hardware through its register file and memory; bit positions come from the
 * generated layouts.
 */
package org.sluice.smmuv3.driver;
