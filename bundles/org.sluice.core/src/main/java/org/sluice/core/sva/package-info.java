/** Processes whose address spaces devices share: finding them, whether their tables suit the hardware, looking at them. */
package org.sluice.core.sva;
