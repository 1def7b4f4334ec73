"""Photographs: from a board, a camera and pictures to the places of joints."""
