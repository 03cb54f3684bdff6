/** What the tests of several page-table formats share. */
package org.sluice.pgtable.testkit;
