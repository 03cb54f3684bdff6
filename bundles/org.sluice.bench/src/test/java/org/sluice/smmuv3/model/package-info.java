/** The door of the SMMUv3 model's TLB for benchmarks. */
package org.sluice.smmuv3.model;
