/** Tells operators what happens: events for OSGi's Event Admin, counters, messages for OSGi's log. */
package org.sluice.core.event;
