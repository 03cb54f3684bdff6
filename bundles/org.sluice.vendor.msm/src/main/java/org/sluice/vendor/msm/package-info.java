/** Private address spaces of MSM GPUs, which load their tables by themselves. Private to the bundle. */
package org.sluice.vendor.msm;
