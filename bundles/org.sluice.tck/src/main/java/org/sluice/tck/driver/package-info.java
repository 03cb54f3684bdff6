/**
 * Contract tests for drivers of SMMUs: one suite for every board that has an SMMUv3 or an SMMUv2. Driver, board and page-table formats
 * are seen through their contracts only; extend {@link org.sluice.tck.driver.DriverTck}.
 */
package org.sluice.tck.driver;
