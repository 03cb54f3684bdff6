/** Departures of NVIDIA Tegra194 and Tegra234: several SMMUs that act as one. Private to the bundle. */
package org.sluice.vendor.nvidia;
