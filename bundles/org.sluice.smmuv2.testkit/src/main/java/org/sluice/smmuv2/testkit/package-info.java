/** A machine with an SMMUv2, its driver and vendor hooks, for tests. Not deployed. */
package org.sluice.smmuv2.testkit;
