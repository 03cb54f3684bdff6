/** Two processes on one GPU, as a story. Private to the bundle: it is reached through its services. */
package org.sluice.demo.gpu;
