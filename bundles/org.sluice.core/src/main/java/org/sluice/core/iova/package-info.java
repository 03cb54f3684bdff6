/** I/O virtual addresses that the platform chooses: the free ranges, caches of threads before them, the flush queue behind. */
package org.sluice.core.iova;
