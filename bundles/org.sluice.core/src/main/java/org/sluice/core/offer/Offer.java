package org.sluice.core.offer;

/**
 * A service that is there now.
 *
 * @param provider who offers it
 * @param service the object of the bundle; not kept beyond the offer
 * @param <S> kind of service
 */
public record Offer<S>(Provider provider, S service) {}
