/** What the service registry offers at this moment: page-table formats, drivers, plug-ins. */
package org.sluice.core.offer;
