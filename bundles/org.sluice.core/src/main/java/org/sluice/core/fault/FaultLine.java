package org.sluice.core.fault;

/**
 * Where faults come from, as far as draining is concerned.
 *
 * @param device name of the device
 * @param pasid the PASID, or {@link org.sluice.api.FaultEvent#NO_PASID}
 */
public record FaultLine(String device, int pasid) {}
