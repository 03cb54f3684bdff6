/** Departures of NVIDIA Tegra186, 194 and 234: several SMMUs that act as one, behind a memory controller. Private to the bundle. */
package org.sluice.vendor.nvidia;
