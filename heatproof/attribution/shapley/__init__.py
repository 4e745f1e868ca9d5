"""Shapley values of pixels (Lundberg & Lee 2017, arXiv:1705.07874).

A pixel's Shapley value is what it adds to the logit, averaged over everything else being known or
not; what is not known shows training images, the background. The three methods approximate it
differently, and agree where the network is linear: the weight times the pixel less its mean over
the background.
"""
