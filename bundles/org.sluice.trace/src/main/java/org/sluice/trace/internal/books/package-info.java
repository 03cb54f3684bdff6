/** The books of a replay: what must be live, by domain, according to the trace alone. Knows nothing of the platform. */
package org.sluice.trace.internal.books;
