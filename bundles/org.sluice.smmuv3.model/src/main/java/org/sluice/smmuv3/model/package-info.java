/**
 * An SMMUv3 in process. {@link org.sluice.smmuv3.model.Smmuv3ModelFactory} is the service; everything else is private to
 * the bundle. A driver reaches the model by its registers and by memory only.
 */
package org.sluice.smmuv3.model;
