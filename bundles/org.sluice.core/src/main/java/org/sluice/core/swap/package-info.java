/** Hot swap: what the registry offers, the steps of a swap, and the one thread that makes them. */
package org.sluice.core.swap;
