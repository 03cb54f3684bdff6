/** An SMMUv2 in process (Arm IHI 0062). Private to the bundle: it is reached through its factory service. */
package org.sluice.smmuv2.model;
