/** The door of the core for benchmarks: a platform without a container. */
package org.sluice.core;
