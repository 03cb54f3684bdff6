/**
 * The SMMUv3 driver and the SMMUv3 model, meeting as they do in a machine: in registers and memory, and nowhere else. What one
 * promises is checked by what the other does.
 */
package org.sluice.stress.driver;
