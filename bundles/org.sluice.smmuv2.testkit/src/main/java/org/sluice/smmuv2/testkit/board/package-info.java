/** A board with an SMMUv2, made of services or of what a test has instead. Depends on contracts only. */
package org.sluice.smmuv2.testkit.board;
