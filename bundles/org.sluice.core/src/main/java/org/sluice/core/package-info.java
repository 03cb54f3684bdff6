/**
 * The core of the platform: the component that finds boards, drivers, formats and plug-ins in the registry, and the
 * service that clients call. Nothing here is exported; clients see {@code org.sluice.api}, plug-ins
 * {@code org.sluice.spi}.
 */
package org.sluice.core;
