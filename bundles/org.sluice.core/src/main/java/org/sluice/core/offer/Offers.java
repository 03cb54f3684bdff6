package org.sluice.core.offer;

import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Stream;

/**
 * The services of one kind that are there now. Any thread may call it; it never blocks.
 *
 * @param <S> kind of service
 */
public final class Offers<S> {
    private static final Comparator<Provider> BEST_FIRST =
            Comparator.comparingInt(Provider::ranking).reversed().thenComparingLong(Provider::serviceId);

    private final Map<Long, Offer<S>> byService = new ConcurrentHashMap<>();

    /** None yet. */
    public Offers() {}

    /**
     * One came.
     *
     * @param offer the service
     */
    public void add(Offer<S> offer) {
        byService.put(offer.provider().serviceId(), offer);
    }

    /**
     * One left.
     *
     * @param serviceId its number
     * @return who that was; empty if it was not known
     */
    public Optional<Provider> remove(long serviceId) {
        return Optional.ofNullable(byService.remove(serviceId)).map(Offer::provider);
    }

    /**
     * Whether a service is there.
     *
     * @param serviceId its number
     * @return true until it is removed
     */
    public boolean has(long serviceId) {
        return byService.containsKey(serviceId);
    }

    /**
     * Everybody who serves a key.
     *
     * @param key name of a format or a compatible string
     * @return the highest ranking first, of equal ones the oldest
     */
    public List<Offer<S>> candidates(String key) {
        return byService.values().stream()
                .filter(offer -> offer.provider().keys().contains(key))
                .sorted(Comparator.comparing(Offer::provider, BEST_FIRST))
                .toList();
    }

    /**
     * Who serves a key.
     *
     * @param key name of a format or a compatible string
     * @return the first candidate
     */
    public Optional<Offer<S>> best(String key) {
        return candidates(key).stream().findFirst();
    }

    /**
     * Who may finish what a provider began.
     *
     * @param earlier that provider
     * @return itself, or its successor
     */
    public Optional<Offer<S>> successor(Provider earlier) {
        return Stream.concat(
                        Stream.ofNullable(byService.get(earlier.serviceId())),
                        byService.values().stream()
                                .filter(offer -> offer.provider().succeeds(earlier))
                                .sorted(Comparator.comparing(Offer::provider, BEST_FIRST)))
                .findFirst();
    }
}
