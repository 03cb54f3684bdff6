/** How traces are read, replayed and scored. */
package org.sluice.trace.internal;
