/** How a driver reports what happened. */
package org.sluice.driver.base;
