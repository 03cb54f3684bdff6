/** Benchmarks of the platform through its contracts, and their comparison with C. */
package org.sluice.bench;
