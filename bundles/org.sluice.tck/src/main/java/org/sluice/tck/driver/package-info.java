/**
 * Contract tests for drivers of an SMMUv3: one suite for every board that has one. Driver, board and page-table formats
 * are seen through their contracts only; extend {@link org.sluice.tck.driver.DriverTck}.
 */
package org.sluice.tck.driver;
