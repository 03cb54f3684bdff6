/** Resident physical memory and a buddy allocator over it. Private to the bundle; boards use the service. */
package org.sluice.memory;
