package org.sluice.spi.quirk;

/**
 * Hooks that a driver uses for an IOMMU, for display.
 *
 * @param name of the hooks
 * @param reason why they matched
 */
public record AppliedHooks(String name, String reason) {}
