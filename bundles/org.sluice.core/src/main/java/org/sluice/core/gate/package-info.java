/** The swap gate: counts operations in flight, so that code and tables leave only when nobody is inside them. */
package org.sluice.core.gate;
